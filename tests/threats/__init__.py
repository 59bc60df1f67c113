"""What a hostile request, file or endpoint may try; see docs/threat-model.md."""
