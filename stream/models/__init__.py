"""What a reference model says: a model file's bytes in, one net out, or a refusal by element."""

from stream.models.reading import read_model

__all__ = ["read_model"]
