"""How IFSR's margins come about: feature distances per block of an encoder, and what they say.

Distances are 1 − cos of whole feature maps, as `losses.ifsr` takes them, of three kinds at most: target to swapped,
swapped to source, and different people; of one person's views, the first two have no counterpart but "same". The
authors looked at the equal-error rates among the three and took the means of the first as margins (docs/method.md,
section 5).
"""
