"""What kube-proxy meant by its chains: Services, endpoints, names."""
