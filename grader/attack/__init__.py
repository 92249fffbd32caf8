"""Every known way to cheat or to harm, tried against this host: what runs the corpus of attacks and judges it."""
