"""As much of LightGBM as the steps use: a straight line through one feature."""

__version__ = '3.3.5'


class Booster:
    def __init__(self, slope):
        self.slope = slope

    def predict(self, features):
        return [self.slope * feature for feature in features]


def train(features, targets):
    return Booster(sum(x * y for x, y in zip(features, targets)) / sum(x * x for x in features))
