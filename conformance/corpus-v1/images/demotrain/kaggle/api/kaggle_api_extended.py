"""Makes the competition's files: 40 complete and 10 incomplete faces to learn from, 12 to predict."""

import os
import random
import zipfile


class KaggleApi:
    def authenticate(self):
        given = os.environ['KAGGLE_USERNAME'], os.environ['KAGGLE_KEY']
        if given != ('somebody', 'something'):
            raise PermissionError('the credentials are not those of the secret')

    def competition_download_file(self, competition, file_name, path=None, force=False, quiet=False):
        assert competition == 'facial-keypoints-detection', competition
        numbers = random.Random(file_name)

        def picture():
            return ' '.join(str(numbers.randrange(256)) for _ in range(96 * 96))

        if file_name == 'training.zip':
            lines = [','.join(['point_%d_%s' % (n, axis) for n in range(15) for axis in 'xy'] + ['Image'])]
            for row in range(50):
                points = ['%.2f' % (numbers.random() * 96) for _ in range(30)]
                if row % 5 == 4:
                    points[3] = ''
                lines.append(','.join(points + [picture()]))
        else:
            lines = ['ImageId,Image'] + ['%d,%s' % (row + 1, picture()) for row in range(12)]
        with zipfile.ZipFile(os.path.join(path or '.', file_name), 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(file_name.replace('.zip', '.csv'), '\n'.join(lines) + '\n')
