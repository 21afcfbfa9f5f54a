// A TLS server that requires a client certificate: CERTIFICATE KEY CLIENT_CA VERSION (303 or 304, hexadecimal).
// It prints its port and answers nobody.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(connection net.Conn, config *tls.Config) {
	defer connection.Close()
	server := tls.Server(connection, config)
	if server.Handshake() == nil {
		io.Copy(io.Discard, server)
		return
	}
	// A plain close could become a reset and overtake the alert.
	connection.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, connection)
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	must(err)
	pem, err := os.ReadFile(os.Args[3])
	must(err)
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(pem)
	version, err := strconv.ParseUint(os.Args[4], 16, 16)
	must(err)
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    authorities,
		MinVersion:   uint16(version),
		MaxVersion:   uint16(version),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		must(err)
		go serve(connection, config)
	}
}
