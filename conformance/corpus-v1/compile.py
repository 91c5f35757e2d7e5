"""Compiles every `pipeline.py` beside it with the kfp 1.8 SDK: `python compile.py [NAME…]`."""

import logging
import importlib.util
import pathlib
import sys
import warnings

from kfp import compiler

warnings.filterwarnings('ignore')
logging.disable(logging.WARNING)
here = pathlib.Path(__file__).parent
for source in sorted(here.glob('*/pipeline.py')):
    if sys.argv[1:] and source.parent.name not in sys.argv[1:]:
        continue
    spec = importlib.util.spec_from_file_location('pipeline', source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    compiler.Compiler().compile(module.pipeline, str(source.with_suffix('.yaml')))
