"""The wire between examiner and candidate: plain data, stand-ins, gradients, shared leaves."""
