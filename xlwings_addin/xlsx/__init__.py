"""The file: zip, XML, cells. Edits without touching anything else; knows nothing of the model."""
