"""The terms of the FaceDancer objective: pure tensor functions, one idea of the paper each."""
