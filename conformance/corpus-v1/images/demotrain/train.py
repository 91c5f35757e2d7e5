"""Stands in for the program of the published image: the same interface, files and packages, on small data."""

import argparse
import csv
import os
import zipfile

import autokeras as ak

parser = argparse.ArgumentParser()
for name in ('trial', 'epoch', 'patience'):
    parser.add_argument('--' + name, type=int)
args = parser.parse_args()

for key in ('KAGGLE_USERNAME', 'KAGGLE_KEY'):
    with open('/secret/kaggle/' + key) as secret:
        os.environ[key] = secret.read().strip()

from kaggle.api.kaggle_api_extended import KaggleApi

os.chdir(os.environ['HOME'])
os.makedirs('/data', exist_ok=True)
os.chdir('/data')
api = KaggleApi()
api.authenticate()
for name in ('training.zip', 'test.zip'):
    api.competition_download_file('facial-keypoints-detection', name)
    with zipfile.ZipFile(name) as archive:
        archive.extractall('/data')

with open('/data/training.csv') as file:
    rows = [row for row in csv.DictReader(file) if '' not in row.values()]
faces = [[int(pixel) for pixel in row.pop('Image').split()] for row in rows]
points = [[float(value) for value in row.values()] for row in rows]
print(len(faces), 'complete faces')

regressor = ak.ImageRegressor(max_trials=args.trial)
regressor.fit(faces, points, validation_split=0.15, epochs=args.epoch)
regressor.export_model().save('/data/model_autokeras', save_format='tf')
print(args.trial, 'trials of', args.epoch, 'epochs')
