"""Graphs that were traced ahead end with their functions."""

import gc

import tensorflow as tf

from nncli.engine.process.graphs import trace


def test_a_graph_and_the_bodies_of_its_loops_are_taken_apart_once_its_function_is_gone() -> None:
    function = tf.function(
        lambda last: tf.while_loop(lambda step: step < last, lambda step: (step + 1,), [tf.constant(0)]),
        autograph=False,
    )
    traced = trace(function, tf.constant(3))
    [result] = function(tf.constant(5))
    assert int(result) == 5
    graph = traced.graph
    bodies = [each.graph for each in graph._functions.values()]
    assert len(bodies) == 2 and all(body.get_operations() for body in (graph, *bodies))
    del traced, function
    gc.collect()
    assert not graph._functions and not any(body.get_operations() for body in (graph, *bodies))
