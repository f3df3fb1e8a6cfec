"""What systemd would hear: prints each message that comes to the unix datagram socket PATH. Usage: notified.py PATH"""

import socket
import sys

notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notified.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(notified.recv(4096).decode(), flush=True)
