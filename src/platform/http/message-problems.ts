/** Those of chats, messages and pushes, for problem-codes.ts. */
export const messageProblems = {
  chat_not_found: {
    status: 404,
    title: 'There is no such chat',
    detail: 'You have exchanged no messages with this user.',
  },
  message_not_found: {
    status: 404,
    title: 'There is no such message',
    detail: 'It is not in this chat, or it was deleted.',
  },
  cannot_message: {
    status: 403,
    title: 'You cannot write to this user',
    detail: 'They are not here, or they do not take messages from you.',
  },
  request_pending: {
    status: 409,
    title: 'The chat is not accepted yet',
    detail: 'Until the other one answers or accepts it, it has up to three messages, of text only.',
  },
  edit_too_late: {
    status: 409,
    title: 'It is too late to change this message',
    detail: 'Messages can be changed for 15 minutes. You can still delete it.',
  },
  push_endpoint_refused: {
    status: 422,
    title: 'This is no push service of a browser',
    detail: 'Send the subscription as the browser gave it.',
  },
  client_id_reused: {
    status: 422,
    title: 'This `clientId` was used for another message',
    detail: 'Choose a new one for each message.',
  },
} as const;
