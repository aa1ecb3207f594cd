"""The IAM REST interface, version v1beta1."""
