"""The program: settings, authentication, the web application and the command line."""
