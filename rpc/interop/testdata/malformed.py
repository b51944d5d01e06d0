# Malformed input, sent with the README's script as a library.
import json

import client

client.call("initialize", capabilities={})
client.server.stdin.write(b"Content-Length: 5\r\n\r\n{oops")
client.server.stdin.flush()
header = client.server.stdout.readline()
answer = json.loads(client.server.stdout.read(2 + int(header.split()[1])))
client.call("shutdown")
client.send(method="exit")
print(answer["error"]["code"], client.server.wait())
