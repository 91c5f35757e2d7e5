"""Stands in for the package `kaggle` where the real one is not wanted.

It asks for credentials as the real one does and takes files from a folder,
$KAGGLE_STORE/<competition>/<file>. Of the facial keypoints it makes them itself.
"""
