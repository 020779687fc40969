"""HTTP and websockets: the pages, the phones' and the live page's feeds, and the routes for developers. No decisions."""
