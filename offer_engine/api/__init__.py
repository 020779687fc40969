"""HTTP and websockets: pages, feeds for phones and the live page, routes for developers. No decisions."""
