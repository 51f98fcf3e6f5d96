/**
 * What a source pays for being listened to (`SourceBudgets`), and what it gets back when the toolbox has released a
 * message of it: more than an ordinary call costs, so that only strangers and noise are ever limited.
 */
export const costs = {message: 1, invitation: 4, registration: 1} as const;
export const creditOfRelease = 20;
