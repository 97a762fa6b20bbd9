"""Remote deliveries: files are fetched from SFTP, FTPS and S3 into a folder beside the store, and landed from there.

`fetch.fetched` is the door; `connecting.connect` opens what a URL names; `sftp`, `ftps` and `s3` speak the protocols.
Nothing here knows where a connection comes from: whoever calls hands it in.
"""
