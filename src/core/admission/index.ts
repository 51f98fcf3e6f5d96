/** Who may be listened to, and for how much: budgets by source, without clock or socket. */
export * from './source-budgets.js';
