"""Steps in containers of the Docker daemon: another launcher of the local engine."""
