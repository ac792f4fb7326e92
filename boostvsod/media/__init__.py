"""Videos, pictures and saliency maps: reading, writing, arithmetic.

video       `Video` (frames decoded on demand) and `Piece` (the part of a shot that is adapted to at once)
sources     what a video can be given as: a path, a list of paths, an array
readers     decoding frame i of picture files, of a video file, of an array
containers  whether a video file is complete
shots       finding cuts
archive     files in folders and in zip archives, used in the same way
paths       paths that users give, and paths that OpenCV can open
images      reading and writing picture files
maps        arithmetic on saliency maps, and the check that every map passes
films       writing mp4 files
synthetic   a made-up clip with exact ground truth
photographed  the clip of the demo, made of two photographs
"""
