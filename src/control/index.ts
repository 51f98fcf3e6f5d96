/**
 * Floor 7: commands and questions from other programs and machines: the admin socket; later ng, metrics, dashboard.
 */
export * from './admin-server.js';
export * from './alert-webhook.js';
