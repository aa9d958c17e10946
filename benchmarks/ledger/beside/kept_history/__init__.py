"""A Django application of one table whose changes django-simple-history keeps."""
