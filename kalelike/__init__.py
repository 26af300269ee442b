"""kalelike: a Jupyter notebook, as it stands, becomes a Kubeflow pipeline.

The package's import is deliberately empty of work: every heavy dependency is
imported by the module that needs it.
"""

__version__ = "0.1.0"
