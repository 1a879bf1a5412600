"""Pictures made of characters: `curves` over the epochs, `braille` with eight dots a character."""
