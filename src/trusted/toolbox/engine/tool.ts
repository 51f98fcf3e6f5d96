import type {z} from 'zod';
import type {Clock} from '../../../base/clock.js';
import type {Result} from '../../../base/result.js';
import type {SipHeader} from '../../../wire/sip/message.js';
import type {CertificateValidator} from '../../certificates/certificate-validator.js';
import type {CmsProvider} from '../../smime/cms-provider.js';
import type {AlertLog} from '../alerts/alert-log.js';
import type {CallTable} from '../calls/call-table.js';
import type {Leg} from '../calls/leg.js';
import type {Challenges} from '../challenge/challenges.js';
import type {Ledger} from '../ledger/ledger.js';
import type {OriginMonitor} from '../origin/origin-monitor.js';
import type {OriginPresence} from '../origin/presence.js';
import type {LegacyUse} from '../policy/legacy-use.js';
import type {Policy} from '../policy/policy.js';
import type {MessageOrigin} from '../protocol.js';
import type {PortType, PortTypes} from './port-types.js';
import type {Reason} from './reasons.js';

/** What a tool did that the rules of templates speak about. */
export type ToolEffect = 'opens' | 'verifies' | 'binds' | 'checks' | 'claims' | 'mints' | 'signs' | 'encrypts' | 'none';

/** The security service that a tool gives (DESIGN §5). */
export type ToolService =
	| 'encryption'
	| 'decryption'
	| 'random numbers'
	| 'integrity'
	| 'anti-replay'
	| 'header processing'
	| 'certificate check'
	| 'origin check'
	| 'key derivation'
	| 'release'
	| 'authorisation'
	| 'alert';

/** Databases, keys and clocks: what the trusted domain has. */
export type ToolServices = {
	readonly policy: Policy;
	readonly cms: CmsProvider;
	readonly validator: CertificateValidator;
	readonly ledger: Ledger;
	readonly origins: OriginMonitor;
	readonly presence: OriginPresence;
	readonly challenges: Challenges;
	readonly alerts: AlertLog;
	readonly calls: CallTable;
	readonly clock: Clock;
	/** Fingerprints of our own certificates; the first one's key signs. */
	readonly ownCertificates: readonly string[];
	readonly freshness: {readonly maxAgeSeconds: number; readonly maxFutureSeconds: number};
};

/** What every run has, whatever it is about. */
export type RunContext = {
	readonly nowMs: number;
	/** Overwrites octets when the run has ended, however it ends. */
	readonly wipeLater: (octets: Uint8Array) => void;
};

/** The message that a run is about. */
export type ToolContext = ToolServices &
	RunContext & {
		readonly call: string;
		readonly leg: Leg;
		readonly role: 'offer' | 'answer' | 'none';
		/** What the opening of this message may take of old peers' choices. @default nothing */
		readonly legacy?: LegacyUse;
		/** Name of the template that runs. */
		readonly template?: string;
		/** Absent for what leaves. */
		readonly origin: MessageOrigin | undefined;
	};

export type ToolRefusal = {
	readonly reason: Reason;
	readonly detail: string;
	/** What the answer carries besides, such as a challenge. */
	readonly headers?: readonly SipHeader[];
	/** True where the same octets may pass another time: there was no room for the work. */
	readonly isTransient?: boolean;
};

export type Ports = Readonly<Record<string, PortType>>;
export type PortValues<Declared extends Ports> = {readonly [Name in keyof Declared]: PortTypes[Declared[Name]]};

export type Tool<
	In extends Ports = Ports,
	Out extends Ports = Ports,
	Parameters extends z.ZodType = z.ZodType,
	Context extends RunContext = ToolContext,
> = {
	readonly name: string;
	readonly version: number;
	readonly service: ToolService;
	/** What it does, in one sentence that begins with a verb and ends with a full stop. */
	readonly purpose: string;
	readonly effect: ToolEffect;
	readonly inputs: In;
	readonly outputs: Out;
	readonly parameters: Parameters;
	/** Says what it found or why not. A throw is a bug, and a denial. */
	readonly run: (
		inputs: PortValues<In>,
		context: Context,
		parameters: z.infer<Parameters>,
	) => Promise<Result<PortValues<Out>, ToolRefusal>> | Result<PortValues<Out>, ToolRefusal>;
};

/** A tool whose ports are forgotten by the type system: the engine checks them when a template is loaded. */
export type AnyTool = Omit<Tool, 'run'> & {
	/** True where it works without a SIP message and the databases: in templates about octets as well. */
	readonly isGeneral: boolean;
	readonly run: (
		inputs: Readonly<Record<string, unknown>>,
		context: ToolContext,
		parameters: unknown,
	) => Promise<Result<Readonly<Record<string, unknown>>, ToolRefusal>>;
};

/** Declares a tool that works on SIP messages and has the databases. */
export function defineTool<const In extends Ports, const Out extends Ports, Parameters extends z.ZodType>(
	tool: Tool<In, Out, Parameters>,
): AnyTool {
	return {
		...tool,
		isGeneral: false,
		run: async (inputs, context, parameters) =>
			tool.run(inputs as PortValues<In>, context, parameters as z.infer<Parameters>),
	};
}

/** Declares a tool that needs nothing but its inputs: it serves any protocol. */
export function defineGeneralTool<const In extends Ports, const Out extends Ports, Parameters extends z.ZodType>(
	tool: Tool<In, Out, Parameters, RunContext>,
): AnyTool {
	return {...defineTool(tool), isGeneral: true};
}

/** A refusal as a result. */
export function refuse(
	reason: Reason,
	detail: string,
	headers: readonly SipHeader[] = [],
): {readonly ok: false; readonly failure: ToolRefusal} {
	return {ok: false, failure: {reason, detail, ...(headers.length > 0 && {headers})}};
}
