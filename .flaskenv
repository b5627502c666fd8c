FLASK_APP=backend.server
