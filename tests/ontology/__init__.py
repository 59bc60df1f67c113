"""The ontology: profiles, consistency, an example for each axiom, and terms that are used."""
