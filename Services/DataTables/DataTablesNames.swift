internal import Messages
