"""What the end-to-end tests share. SPDX-License-Identifier: Apache-2.0"""
