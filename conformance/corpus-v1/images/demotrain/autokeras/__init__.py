"""As much of autokeras as the programs use: a model that always answers the mean points."""

import json
import os

CUSTOM_OBJECTS = {}


class Model:
    def __init__(self, facts):
        self.facts = facts

    def save(self, folder, save_format):
        os.makedirs(folder)
        with open(os.path.join(folder, 'saved_model.json'), 'w') as file:
            json.dump({'format': save_format, **self.facts}, file)

    def predict(self, faces):
        return [self.facts['mean'] for _ in faces]


class ImageRegressor:
    def __init__(self, max_trials):
        self.facts = {'trials': max_trials}

    def fit(self, faces, points, validation_split, epochs):
        kept = points[:len(points) - int(len(points) * validation_split)]
        mean = [sum(column) / len(kept) for column in zip(*kept)]
        self.facts.update(epochs=epochs, mean=mean)

    def export_model(self):
        return Model(self.facts)
