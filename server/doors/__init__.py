"""Standard ways into and out of a session beside its page: WHIP, WHEP, SmallWebRTC."""
