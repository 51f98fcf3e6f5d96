import type {AnyTool} from './tool.js';

/** One step: a tool, where its inputs come from, and its parameters. */
export type TemplateStep = {
	readonly step: string;
	readonly tool: AnyTool;
	/** Source of each input: `port` of the start, or `step.port`. */
	readonly in: Readonly<Record<string, string>>;
	readonly with: unknown;
	readonly line: number;
};

/** A protocol's required security services as data (DESIGN §5), checked. */
export type Template = {
	readonly name: string;
	readonly version: number;
	/** SIP messages, or octets of any protocol. */
	readonly about: 'message' | 'octets';
	readonly direction: 'inbound' | 'outbound';
	/**
	 * What it gives or asks of the body. `signed`: at least signed, of a message that describes no session; `none`: there is no
	 * body; `registration`: a REGISTER, whose sender authenticates; `packet`: octets that are encrypted, numbered and have a tag.
	 */
	readonly protection: 'sealed' | 'sdes' | 'clear' | 'signed' | 'none' | 'registration' | 'packet';
	/** Content types that it takes, lower case; `;smime-type=…` may follow. Of a message without body, and of octets: none. */
	readonly accepts: readonly string[];
	readonly steps: readonly TemplateStep[];
	/** What the run gives back: name → `step.port`. */
	readonly release: Readonly<Record<string, string>>;
	readonly releaseLine: number;
};
