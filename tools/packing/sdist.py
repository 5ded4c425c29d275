"""Writes a source archive again, with one time, one owner and one order: `sdist.py ARCHIVE SECONDS`. setuptools has no setting for it."""
import gzip
import io
import sys
import tarfile

archive, seconds = sys.argv[1], int(sys.argv[2])
content = io.BytesIO()
with tarfile.open(archive) as old, tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as new:
    for member in sorted(old.getmembers(), key=lambda one: one.name):
        member.mtime = seconds
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.pax_headers = {}
        new.addfile(member, old.extractfile(member) if member.isfile() else None)
with open(archive, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=seconds) as packed:
    packed.write(content.getvalue())
