"""The door to the web pages and the REST interface of Airflows, at an origin that is never the API's."""
