# The script of editors/README.md as a library: it has its conversation, with this one's
# arguments, and then its server gets malformed input.
import json

import client

client.server.stdin.write(b"Content-Length: 5\r\n\r\n{oops")
client.server.stdin.flush()
answer = {}
while "error" not in answer:
    header = client.server.stdout.readline()
    answer = json.loads(client.server.stdout.read(2 + int(header.split()[1])))
client.call("shutdown")
client.send(method="exit")
print(answer["error"]["code"], client.server.wait())
