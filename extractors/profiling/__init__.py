"""What is this file, and which code page is it in?  Judged from its bytes, with the evidence."""
