"""A discrete-event simulation of Gradiente at a deadline, fed by service times that are measured."""
