"""HTML → Markdown (conversion), and Markdown → safe HTML and plain text (rendering)."""
