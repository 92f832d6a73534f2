"""Measures IFSR's margins: feature distances per block of an encoder, and the margins that follow from them.

Distances are 1 − cos of whole feature maps, as `losses.ifsr` takes them. With swapped faces there are three kinds:
target to swapped, swapped to source, and different people. With views of people there are two: "same" (two views of
one person) and different people. The authors looked at the equal-error rates among the three kinds and took the means
of the first kind as margins (docs/method.md, section 5).
"""
