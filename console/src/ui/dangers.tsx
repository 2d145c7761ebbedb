// An error in one page must not take the console away. SPDX-License-Identifier: Apache-2.0
import { Component, type ReactNode } from 'react';
import { Problem } from './pieces';

export class Guarded extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };
  static getDerivedStateFromError(error: unknown) { return { error }; }
  override render() {
    if (!this.state.error) return this.props.children;
    return <Problem error={this.state.error}><p>The other pages still work; this one does when it is opened again.</p></Problem>;
  }
}
