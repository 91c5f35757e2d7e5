import json
import os

from autokeras import Model


def load_model(folder, custom_objects):
    with open(os.path.join(folder, 'saved_model.json')) as file:
        facts = json.load(file)
    assert facts['format'] == 'tf' and custom_objects is not None
    return Model(facts)
