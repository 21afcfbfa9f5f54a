"""What a person touches: the Textual application and the command line of mtlsx."""
