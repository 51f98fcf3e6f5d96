/**
 * The security toolbox: templates and the engine that runs them, tools, databases, ledger, origin monitor, policy and alerts.
 * Nothing in it knows sockets; what others may ask of it is in protocol.ts.
 */
export type {AuditRecord} from './alerts/audit-log.js';
export {type AuditVerdict, findAuditBreak, verifyAudit} from './alerts/verify-audit.js';
export type {HeldKey, KeyVault} from './calls/key-vault.js';
export {type Reason, type ReasonMeaning, reasons} from './engine/reasons.js';
export type {TemplateText} from './engine/template-signers.js';
export type {LedgerStore} from './ledger/ledger-store.js';
export type {PeerOptions, PeerRules, Protection, ToolboxOptions} from './policy/toolbox-options.js';
export type * from './protocol.js';
export type {TemplateReload} from './template-replacement.js';
export {Toolbox, type ToolboxParts} from './toolbox.js';
export {ToolboxClient} from './toolbox-client.js';
export {ToolboxDomain} from './toolbox-domain.js';
