"""Optical flow.

tools    scaling, warping and checking flow fields of any backend
files    reading and writing .flo, KITTI .png and .npy
colour   the Middlebury colour coding
"""
