"""The search: adaptive large-neighbourhood search in compiled code, and set partitioning over the routes it met.

`arrays` turns a problem into arrays, `routes` tests and books one route, `inserting` and `removing` change a plan,
`walking` does both many times over, `covering` picks the best set of all routes met, `engine` leads them.
"""
