"""The ground floor: settings, errors, logs and progress. It imports no other room."""
